"""Babelgen: a library of latent pictures. Every picture has a key, and the key alone re-creates it."""
