"""Commands on a server's own data folder let it do the work that needs networks."""
