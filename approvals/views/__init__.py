"""The pages. A view parses, calls one verb and answers; no rule lives here."""
