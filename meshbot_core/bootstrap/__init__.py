"""The signed manifest that announces a mesh's members."""
