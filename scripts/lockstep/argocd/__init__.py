"""Argo CD's API: how it is asked, and what it says of an Application. Nothing here decides."""
