# What bench-image asks of Pillow: photographs at the size of a card, and then one
# crop saved as PNG for each line of JSON.
import glob, io, json, sys, time, zlib
from PIL import Image, ImageOps

if sys.argv[1] == "scale":
    for f in sorted(glob.glob("/usr/share/backgrounds/mate/*/*.jpg")):
        image = ImageOps.fit(Image.open(f).convert("RGB"), (1024, 1768), Image.LANCZOS)
        image.save("%s/%s.jpg" % (sys.argv[2], f.replace("/", "-")), quality=90)
    sys.exit()

for line in sys.stdin:
    ask = json.loads(line)
    before = time.process_time()
    out = io.BytesIO()
    card = Image.open(ask["file"]).crop(ask["box"])
    card.save(out, "png", optimize=ask["optimize"])
    took = time.process_time() - before
    print(json.dumps({"Seconds": took, "Bytes": out.tell(), "Sum": zlib.crc32(card.tobytes())}), flush=True)
