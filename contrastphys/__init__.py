"""Unit-aware physics of imaging contrast agents."""
