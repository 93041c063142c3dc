"""The marketplace's API: the code that runs in functions, and nothing that deploys or checks it."""
