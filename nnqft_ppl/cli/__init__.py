"""``nnqft``, the command line: options and lines on the screen.

Begin with `app.main`. Nobody imports it; heavy imports stay inside the commands, so that help and listings are quick.
"""
