"""The site: its sources in `src/`, and the builder that makes of them what browsers are served."""
