"""How the built-in model `mini` is made: tokenizer, then autoencoder, then denoiser, from drawn scenes alone.

Law: seeded and resumable; step n sees the same data whether or not the run was interrupted before it.
"""
