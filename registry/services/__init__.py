"""The verbs that need no approval, a module per noun.

Each is one transaction that leaves exactly one event; one that changes nothing leaves none.
"""
