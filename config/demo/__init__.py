"""The demo: one real installation in `var/demo/`, its story told step by step, and the cheat page.

Nothing here exists unless settings.DEMO, which is refused anywhere but on this machine.
"""
