"""Debian root file systems, images and what runs in them, without a container engine."""
