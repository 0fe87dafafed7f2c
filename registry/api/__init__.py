"""The HTTP API of this floor: what applications read."""

from registry.api.reads import router

__all__ = ["router"]
