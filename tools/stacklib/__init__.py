"""What tools/stack is made of: settings, processes, readiness probes, services, commands."""
