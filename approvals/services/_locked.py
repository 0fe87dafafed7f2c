"""The rows that a verb locks, in the order of the locks: prompt, pointer, request."""

from __future__ import annotations

from approvals.models import ApprovalRequest
from audit.compiled import CompiledQuery
from registry import releases
from registry.models import LabelPointer, Prompt

prompt = CompiledQuery[Prompt](
    lambda pk: Prompt.objects.select_for_update(no_key=True).filter(pk=pk)
)
#: by the key of a request, as the two below
prompt_of = CompiledQuery[Prompt](
    lambda pk: (
        Prompt.objects.select_for_update(of=("self",), no_key=True).filter(requests=pk).order_by()
    )
)
pointer_of = CompiledQuery[LabelPointer](
    lambda pk: releases.lockable().filter(prompt__requests=pk, label__requests=pk)
)
request = CompiledQuery[ApprovalRequest](
    lambda pk: (
        ApprovalRequest.objects.select_for_update(of=("self",), no_key=True)
        .with_own_parts()
        .filter(pk=pk)
        .order_by()
    )
)
