# Makes the renditions of bench-dataset with Pillow, of the originals in the store, in as many
# processes as there are CPUs. "compare" prints the mean and the largest difference of the samples of
# Seine's files and of those of libvips to Pillow's. "draft FILE..." prints what decoding at half the
# size changes and saves, of photographs that are brought to 1024x768 first.
import glob, io, multiprocessing, os, sys, time
from PIL import Image, ImageChops, ImageOps, ImageStat


def render(name):
    image = Image.open(name)
    if sys.argv[1] == "crop":
        image = ImageOps.fit(image, (256, 256), Image.BICUBIC)
    else:
        image.thumbnail((512, 512), Image.BICUBIC, reducing_gap=None)
    options = {} if sys.argv[2] == "PNG" else {"quality": 90}
    image.save("pillow/" + os.path.basename(name) + ".out", sys.argv[2], **options)


def compare(originals):
    means, most = {"seine": [], "vips": []}, {"seine": 0, "vips": 0}
    suffix = {"JPEG": "jpg", "WEBP": "webp", "PNG": "png"}[sys.argv[2]]
    for name in originals:
        base = os.path.basename(name)
        want = Image.open("pillow/" + base + ".out").convert("RGB")
        for who, file in {
            "seine": name.removesuffix("_original.jpg") + "." + suffix,
            "vips": "vips/" + base.removesuffix("jpg") + suffix,
        }.items():
            got = Image.open(file).convert("RGB")
            if got.size != want.size:
                sys.exit("%s has %dx%d pixels, Pillow's has %dx%d" % (file, *got.size, *want.size))
            apart = ImageChops.difference(want, got)
            means[who] += ImageStat.Stat(apart).mean
            most[who] = max(most[who], *(high for _, high in apart.getextrema()))
    print(" | ".join("%.2f | %d" % (sum(v) / len(v), most[who]) for who, v in means.items()))


def draft(photographs):
    means, most, took = [], 0, [0, 0]
    for name in photographs:
        file = io.BytesIO()
        ImageOps.fit(Image.open(name).convert("RGB"), (1024, 768), Image.BICUBIC).save(file, "JPEG", quality=90)
        made = []
        for half in (0, 1):
            before = time.process_time()
            image = Image.open(io.BytesIO(file.getvalue()))
            if half:
                image.draft("RGB", (512, 384))
            made.append(ImageOps.fit(image, (256, 256), Image.BICUBIC))
            took[half] += time.process_time() - before
        apart = ImageChops.difference(*made)
        means += ImageStat.Stat(apart).mean
        most = max(most, *(high for _, high in apart.getextrema()))
    whole, half = (1000 * t / len(photographs) for t in took)
    print("mean %.2f, most %d; %.2f ms whole, %.2f ms at half the size" % (sum(means) / len(means), most, whole, half))


if __name__ == "__main__":
    if sys.argv[1] == "draft":
        draft(sys.argv[2:])
        sys.exit()
    originals = glob.glob("data/pictures/**/*_original.jpg", recursive=True)
    if sys.argv[1] == "compare":
        compare(originals)
    else:
        os.makedirs("pillow", exist_ok=True)
        with multiprocessing.Pool() as pool:
            pool.map(render, originals)
