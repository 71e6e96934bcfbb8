"""The serving target kubernetes: one module per component, named as its folder of templates."""
