"""The HTTP API of both floors under one address and one schema."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest
from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema
from ninja.parser import Parser
from ninja.responses import NinjaJSONEncoder
from typing_extensions import override

from approvals.api import router as approvals_router
from approvals.api_writes import routers as writing_routers
from config.problems import handle_errors
from registry.api import router as registry_router
from registry.api.problems import RepeatedParameter
from registry.api.schemas import Problem
from registry.json_text import each_once

_EACH_ONCE = each_once(
    lambda name: RepeatedParameter(f"“{name}” is given more than once in the body. Send it once.")
)


class JsonParser(Parser):
    """Reads a body as ninja does, and refuses an object in which a name stands twice."""

    @override
    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(request.body, object_pairs_hook=_EACH_ONCE)
        return found


class Api(NinjaAPI):
    """Its schema also lists the problems of every address, and HEAD apart from GET."""

    @override
    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> OpenAPISchema:
        schema = super().get_openapi_schema(path_prefix=path_prefix, path_params=path_params)
        # The parts are shared with the routers, and statuses are numbers: JSON mends both.
        whole = json.loads(json.dumps(schema, cls=NinjaJSONEncoder))
        _complete(whole)
        schema.clear()
        schema.update(whole)
        return schema


def _complete(schema: dict[str, Any]) -> None:
    components = schema["components"]["schemas"]
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    components.update(problem.pop("$defs", {}))
    components["Problem"] = problem
    codes: set[str] = set()
    for methods in schema["paths"].values():
        for operation in methods.values():
            codes.update(_codes(operation))
        if "head" in methods:
            methods["head"] = _without_bodies(methods["get"])
    problem["properties"]["code"] = {"type": "string", "enum": sorted(codes)}


def _codes(operation: dict[str, Any]) -> set[str]:
    return {
        code
        for response in operation["responses"].values()
        for content in response.get("content", {}).values()
        for code in content.get("examples", {})
    }


def _without_bodies(get: dict[str, Any]) -> dict[str, Any]:
    answers = {
        status: {key: value for key, value in response.items() if key != "content"}
        for status, response in get["responses"].items()
    }
    return {**get, "operationId": f"{get['operationId']}_head", "responses": answers}


api = Api(
    title="Countersign",
    version="1",
    description=(
        "Read what is live and what is on its way there, and send it on its way. Errors are "
        "`application/problem+json` with a stable `code`; an address or method that is not "
        "listed here answers 404 `not_found` or 405 `method_not_allowed` in the same form."
    ),
    urls_namespace="api",
    openapi_url="/openapi.json",
    # The page with forms loads scripts that run inline; the schema is what tools need.
    docs_url=None,
    parser=JsonParser(),
)
handle_errors(api)
# Before the other: there a name takes the rest of an address.
api.add_router("", approvals_router)
for router in writing_routers:
    api.add_router("", router)
api.add_router("", registry_router)
