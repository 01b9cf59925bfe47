"""Inference: the one worker that runs the models, questions before indexing."""
