"""The first stage: what is asked. Readers of command lines, configuration, requirements files, projects and locks.

``reading`` makes a Request of pip's options; the others are read where they are needed, and not before.
"""
