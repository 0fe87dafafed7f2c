"""The steps of people and service accounts in the admin, and to whom each is offered."""

from __future__ import annotations

from typing import Any

from django import forms
from typing_extensions import override

from registry import permissions
from registry.admin.fields import AccountField, NewPasswordField, SetField, WasField
from registry.admin.steps import Done, Step, StepForm, governs
from registry.holdings import role_groups
from registry.models import Membership, User
from registry.services import details, memberships, passwords, people


class PersonForm(StepForm):
    """create_person"""

    lead = (
        "A person signs in with the user name and a password. They start in no role; add roles on "
        "their page afterwards."
    )
    button = "Add the person"

    username = forms.CharField(label="User name", max_length=150)
    display_name = forms.CharField(label="Name to show", max_length=150)
    email = forms.CharField(label="E-mail address", max_length=254)
    time_zone = forms.CharField(
        label="Time zone", initial="UTC", help_text="Such as Europe/Berlin; times are shown in it."
    )
    password = NewPasswordField(
        label="First password",
        required=False,
        help_text="At least 12 characters; the person should change it after signing in. Or leave "
        "it empty and send them a link on their page, and nobody else knows it.",
    )

    @override
    def perform(self, actor: User) -> Done:
        data = {**self.cleaned_data, "password": self.cleaned_data["password"] or None}
        person = people.create_person(**data, actor=actor)
        return Done(f"{person} was added.", person)


class ServiceAccountForm(StepForm):
    """create_service_account"""

    lead = "An account for tokens of an application or CI to act as. Nobody signs in with it."
    button = "Add the service account"

    username = forms.CharField(label="User name", max_length=150, help_text="Such as ci-deploy.")
    display_name = forms.CharField(label="Name to show", max_length=150, required=False)

    @override
    def perform(self, actor: User) -> Done:
        account = people.create_service_account(**self.cleaned_data, actor=actor)
        return Done(f"{account} was added.", account)


class EditPersonForm(StepForm):
    """edit_person"""

    lead = "The user name never changes: the person signs in with it."

    display_name = forms.CharField(label="Name to show", max_length=150)
    time_zone = forms.CharField(
        label="Time zone", help_text="Such as Europe/Berlin; times are shown in it."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {name: getattr(self.row, name) for name in ("display_name", "time_zone")}
        if not self.row.is_person:
            del self.fields["time_zone"]

    @override
    def perform(self, actor: User) -> Done:
        changed = {name: self.cleaned_data[name] for name in self.changed_data}
        person = details.edit_person(self.row, **changed, actor=actor)
        return Done("The details were saved." if changed else "Nothing changed.", person)


class EmailForm(StepForm):
    """change_email"""

    lead = (
        "Decisions and password links are sent to it. Nobody changes their own, and who changes it "
        "sends no password link to it: another governance owner does."
    )
    button = "Change the address"

    email = forms.CharField(label="E-mail address", max_length=254)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {"email": self.row.email}

    @override
    def perform(self, actor: User) -> Done:
        was = self.row.email
        person = details.change_email(self.row, self.cleaned_data["email"], actor=actor)
        changed = person.email != was
        return Done(
            f"{person} is reached at {person.email} from now on."
            if changed
            else "Nothing changed.",
            person,
        )


class RolesForm(StepForm):
    """join and leave, one for each role that was ticked or cleared"""

    lead = "Nobody adds roles to themselves. What is live or signed off already stays as it is."
    button = "Save the roles"

    roles = SetField(label="Roles", required=False)
    was = WasField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        held = sorted(permissions.roles_of(self.row) or _roles_kept(self.row))
        choices = [(group.name, group.name) for group in role_groups()]
        self.fields["roles"].choices = choices  # type: ignore[attr-defined]  # of a choice field
        self.initial = {"roles": held, "was": held}

    @override
    def perform(self, actor: User) -> Done:
        wanted, was = self.cleaned_data["roles"], self.cleaned_data["was"]
        for name in sorted(wanted - was):
            memberships.join(self.row, name, actor=actor)
            self.so_far.append(f"{self.row} joined {name}.")
        for name in sorted(was - wanted):
            memberships.leave(self.row, name, actor=actor)
            self.so_far.append(f"{self.row} left {name}.")
        return Done(" ".join(self.so_far) or "Nothing changed.", self.row)


class FlagsForm(StepForm):
    """set_flags"""

    lead = (
        "Entering the admin lets a person look at it. Superuser grants nothing on prompts and no "
        "step here: those come from roles and grants only. Nobody sets these on themselves."
    )
    button = "Save"

    is_staff = forms.BooleanField(label="May enter the admin", required=False)
    is_superuser = forms.BooleanField(label="Superuser", required=False)
    was = WasField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        flags = {name: getattr(self.row, name) for name in ("is_staff", "is_superuser")}
        self.initial = {**flags, "was": [name for name, on in flags.items() if on]}

    @override
    def perform(self, actor: User) -> Done:
        was = self.cleaned_data["was"]
        changed = {
            name: self.cleaned_data[name]
            for name in ("is_staff", "is_superuser")
            if self.cleaned_data[name] != (name in was)
        }
        people.set_flags(self.row, **changed, actor=actor)
        return Done("The flags were saved." if changed else "Nothing changed.", self.row)


class FirstPasswordForm(StepForm):
    """set_first_password"""

    lead = (
        "For a person who has not signed in yet. Tell it to them in person; they change it after "
        "signing in, and from then on nobody else can."
    )
    button = "Set the first password"

    password = NewPasswordField(help_text="At least 12 characters.")

    @override
    def perform(self, actor: User) -> Done:
        passwords.set_first_password(self.row, self.cleaned_data["password"], actor=actor)
        return Done(f"{self.row} can sign in with it.", self.row)


class PasswordLinkForm(StepForm):
    """send_password_link"""

    lead = (
        "A mail with a link by which the person sets a new password themselves. It works once, for "
        "a day. Until then the old password stays."
    )
    button = "Send the link"

    seen_email = forms.CharField(
        label="It goes to",
        widget=forms.TextInput(attrs={"readonly": True}),
        help_text="Ask the person in another way whether this is their address.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {"seen_email": self.row.email}

    @override
    def perform(self, actor: User) -> Done:
        passwords.send_password_link(self.row, **self.cleaned_data, actor=actor)
        return Done(f"The link is on its way to {self.row}.", self.row)


class DeactivateForm(StepForm):
    """deactivate"""

    lead = (
        "The account can no longer sign in, its roles and grants stop counting, and its tokens are "
        "revoked for good. What it did stays on record."
    )
    button = "Deactivate"
    danger = True

    heir = AccountField(
        people_only=True,
        required=False,
        label="Who takes over",
        help_text="The user name or e-mail address of another person. Needed only where nobody "
        "else sees a confidential prompt and may give permissions on it: they may then view and "
        "manage it.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.row.is_person:
            del self.fields["heir"]

    @override
    def perform(self, actor: User) -> Done:
        people.deactivate(self.row, heir=self.cleaned_data.get("heir"), actor=actor)
        return Done(f"{self.row} was deactivated.", self.row)


class ReactivateForm(StepForm):
    """reactivate"""

    lead = "The account opens again with its roles and grants. Its old tokens stay revoked."
    button = "Reactivate"

    @override
    def perform(self, actor: User) -> Done:
        people.reactivate(self.row, actor=actor)
        return Done(f"{self.row} was reactivated.", self.row)


def _for_people(viewer: User, row: Any) -> bool:
    return bool(row.is_person) and governs(viewer, row)


def _before_first_sign_in(viewer: User, row: Any) -> bool:
    return row.last_login is None and _others(viewer, row)


def _others(viewer: User, row: Any) -> bool:
    return row.pk != viewer.pk and _for_people(viewer, row)


def _others_while_active(viewer: User, row: Any) -> bool:
    return bool(row.is_active) and _others(viewer, row)


def _while_active(viewer: User, row: Any) -> bool:
    return bool(row.is_active) and governs(viewer, row)


def _while_closed(viewer: User, row: Any) -> bool:
    return not row.is_active and governs(viewer, row)


def _roles_kept(person: User) -> set[str]:
    """The roles of a deactivated person, which count for nothing and come back with them."""
    rows = Membership.objects.filter(user=person)
    return set(rows.values_list("group__name", flat=True))


MAKERS = (
    Step("person", "New person", PersonForm),
    Step("service-account", "New service account", ServiceAccountForm),
)
STEPS = (
    Step("edit", "Edit details", EditPersonForm),
    Step("email", "E-mail address", EmailForm, _others),
    Step("roles", "Roles", RolesForm, _for_people),
    Step("flags", "Admin and superuser", FlagsForm, _for_people),
    Step("password", "First password", FirstPasswordForm, _before_first_sign_in),
    Step("link", "Password link", PasswordLinkForm, _others_while_active),
    Step("deactivate", "Deactivate", DeactivateForm, _while_active),
    Step("reactivate", "Reactivate", ReactivateForm, _while_closed),
)
