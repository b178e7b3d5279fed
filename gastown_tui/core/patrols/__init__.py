"""Loops that run without a person: the deacon's beat, the refinery, the witness, and the reconciler they share."""
