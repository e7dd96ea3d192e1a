"""Style transfer: `Stylizer`, the cascade, whitening and coloring, moments, styles, regions, colors, tiles."""
