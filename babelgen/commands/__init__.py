"""Commands: one verb a file, plain functions that return an exit code.

Law: exit codes are 0 all done, 1 the user's error, 2 wrong usage, 3 our bug, 4 some items failed, 130 interrupted;
torch is imported inside functions, by the commands that render.
"""
