"""Gives a COCO file more classes, which no object has: as many as a head shall have. usage: more_classes.py FILE N"""
import json
import pathlib
import sys

path, n = pathlib.Path(sys.argv[1]), int(sys.argv[2])
coco = json.loads(path.read_text())
known = {category["id"] for category in coco["categories"]}
unused = (i for i in range(1, 10**6) if i not in known)
while len(coco["categories"]) < n:
    i = next(unused)
    coco["categories"].append({"id": i, "name": f"unused {i}"})
path.write_text(json.dumps(coco))
