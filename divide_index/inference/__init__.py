"""Variation: designs, covariances and intervals. Arrays only, never a survey's column name."""
