"""Which names of variables ask for data about a person."""

import re
from typing import Literal

from approvals.scanning.words import words

# Names that ask for an identifier, a health fact or an account, alone or inside a longer name.
_SENSITIVE = words(
    """
    ssn social_security date_of_birth dob birth_date birthdate birthday mrn medical_record
    medical_history passport national_id tax_id driver_license drivers_license drivers_licence
    driving_licence license_plate credit_card card_number iban bank_account routing_number
    diagnosis medication prescription student_id patient_id insurance_number ethnicity religion
    biometric
    """
)
_PERSONAL = words(
    """
    full_name fullname last_name lastname surname family_name maiden_name email_address
    phone_number phone telephone mobile_number home_address postal_address street_address
    mailing_address ip_address postcode
    """
)
_PERSON = words(
    """
    applicant caller candidate child claimant client contact customer employee guest guardian
    insured member parent passenger patient pupil recipient resident sender student subscriber
    teacher tenant user visitor
    """
)
# A first name alone is the sparing way to address somebody.
_SPARING = words("first_name firstname given_name forename")
_DATUM = words("name email mail phone mobile address age gender")
# A patient's or a pupil's name already says something about health or schooling.
_PROTECTED_PERSON = words("patient pupil student child")


def asks_for(name: str) -> Literal["", "personal", "sensitive"]:
    """Tell what a variable's name asks for: nothing about a person, a datum, or a sensitive one."""
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name[:200])
    parts = re.findall(r"[a-z]+", spaced.lower())
    runs = {"_".join(parts[i : i + n]) for i in range(len(parts)) for n in (1, 2, 3)}
    people, data = _PERSON & runs, _DATUM & runs
    if runs & _SPARING:
        data -= {"name"}
    if runs & _SENSITIVE or (_PROTECTED_PERSON & people and data):
        return "sensitive"
    if runs & _PERSONAL or (people and data):
        return "personal"
    return ""
