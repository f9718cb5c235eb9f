package main

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"math"
)

// makePhoto draws something that compresses like a photograph.
func makePhoto() []byte {
	img := image.NewRGBA(image.Rect(0, 0, 800, 1200))
	for y := range 1200 {
		for x := range 800 {
			v := func(k float64) uint8 { return uint8(128 + 90*math.Sin(float64(x)/17*k)*math.Cos(float64(y)/29*k)) }
			img.SetRGBA(x, y, color.RGBA{v(1), v(1.7), v(2.3), 255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		panic(err)
	}
	return b.Bytes()
}
