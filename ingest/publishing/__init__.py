"""Publishing: a version is built, checked, switched to, and rolled back."""
