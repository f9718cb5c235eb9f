# Makes the renditions of bench-dataset with Pillow, of the originals in the store, in as many
# processes as there are CPUs.
import glob, multiprocessing, os, sys
from PIL import Image, ImageOps


def render(name):
    image = Image.open(name)
    if sys.argv[1] == "crop":
        image = ImageOps.fit(image, (256, 256), Image.BICUBIC)
    else:
        image.thumbnail((512, 512), Image.BICUBIC, reducing_gap=None)
    options = {} if sys.argv[2] == "PNG" else {"quality": 90}
    image.save("pillow/" + os.path.basename(name) + ".out", sys.argv[2], **options)


if __name__ == "__main__":
    os.makedirs("pillow", exist_ok=True)
    with multiprocessing.Pool() as pool:
        pool.map(render, glob.glob("data/pictures/**/*_original.jpg", recursive=True))
