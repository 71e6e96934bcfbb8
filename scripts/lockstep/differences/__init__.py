"""The semantic difference of rendered manifests: by object and field, dangerous changes first."""
