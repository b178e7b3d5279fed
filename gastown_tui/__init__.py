"""Gas Town: a control room for towns of coding agents."""

__version__ = "0.1.0"
