"""The stories that people live through, on the running product."""
