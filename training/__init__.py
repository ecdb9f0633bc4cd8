"""Teaches the model of replies from training/replies/*.tsv; needed only to make config/replies/*.bin again, never to run the service."""
