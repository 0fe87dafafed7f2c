"""Replaying version histories from other projects through the product's own verbs."""
