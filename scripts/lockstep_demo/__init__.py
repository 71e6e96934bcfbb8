"""The demo: real models, a real registry, and the main job from end to end."""
