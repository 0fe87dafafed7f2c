"""The admin of this floor: pages to look at, and forms that call verbs; it saves nothing itself."""

from registry.admin import labels, namespaces, people, prompts, roles, tokens

__all__ = ["labels", "namespaces", "people", "prompts", "roles", "tokens"]
