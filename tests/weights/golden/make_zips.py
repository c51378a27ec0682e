"""Writes zip archives that torch.save would not, from plain.zip.pth: zip_<case>.pth, to be read or refused.

    python3 make_zips.py
"""
import warnings
import zipfile

warnings.simplefilter("ignore")  # of the name that is there twice

with zipfile.ZipFile("plain.zip.pth") as archive:
    plain = {info.filename: archive.read(info) for info in archive.infolist()}
folder = next(iter(plain)).split("/")[0]


def write(case, records, compression=zipfile.ZIP_STORED, comment=b""):
    with zipfile.ZipFile("zip_%s.pth" % case, "w", compression) as archive:
        for name, content in records:
            archive.writestr(zipfile.ZipInfo(name), content, compression)
        archive.comment = comment


def with_record(name, content):
    return list({**plain, folder + "/" + name: content}.items())


write("narrow", plain.items())  # no 64-bit sizes, no padding between records
write("comment", plain.items(), comment=b"a comment that holds PK\5\6" + bytes(30))
write("little", with_record("byteorder", b"little"))
write("big", with_record("byteorder", b"big"))
write("script", with_record("constants.pkl", b"."))
write("short", with_record("data/0", b"1234"))
write("lacking", [item for item in plain.items() if not item[0].endswith("data/1")])
write("pictures", [("a.jpg", b"..."), ("b/c/data.pkl", b".")])
write("empty", [])
write("deflated", plain.items(), zipfile.ZIP_DEFLATED)
write("bomb", with_record("data/0", bytes(1 << 23)), zipfile.ZIP_DEFLATED)
write("two", list(plain.items()) + [("another/data.pkl", plain[folder + "/data.pkl"])])
write("twice", list(plain.items()) + [(folder + "/data/0", plain[folder + "/data/0"])])

# Every entry of the directory says that its record is the first, the pickle: as many times as many bytes.
data = bytearray(open("zip_narrow.pth", "rb").read())
first = data.index(b"PK\1\2")
entry = first
while data[entry:entry + 4] == b"PK\1\2":
    data[entry + 16:entry + 28] = data[first + 16:first + 28]
    data[entry + 42:entry + 46] = data[first + 42:first + 46]
    entry += 46 + sum(int.from_bytes(data[entry + at:entry + at + 2], "little") for at in (28, 30, 32))
open("zip_overlap.pth", "wb").write(data)
