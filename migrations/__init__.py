"""The history of our tables. `flask peersupport upgrade` goes through it.

For developers: after a change of the models,

    python -m flask_peersupport.migrations "what changes, in a few words"

writes the next revision into `versions/`. Read it, and make every step such that it can run
twice: on MariaDB each step is committed by itself, so a run that was killed repeats some.
Steps about whole tables and indexes get `if_not_exists` and `if_exists` for that; a step about
a column asks `sa.inspect(op.get_bind())` first whether it is there.
"""
