"""From rows and requirements to what a template prints; they read, and decide nothing."""
