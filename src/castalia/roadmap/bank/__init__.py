"""Questions of the roadmap's topics, made anew from a seed, with answers that are computed and marked."""
