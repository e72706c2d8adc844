class Change:
    def __init__(self, *a):
        self.a = a


def compare(w, r):
    return []


def compare_messages(w, r, strict=False):
    return []
