package seedlist

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"time"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/format"

	"github.com/seinehq/seine/internal/number"
)

var errBytes = errors.New("bytes that are no text in UTF-8")

// timeOfDay has the digits that a time needs.
const timeOfDay = "15:04:05.999999999"

// leafOf returns the conversion of the values of a type into values of JSON, or the type if it is
// not read.
func leafOf(t parquet.Type) (convert func(parquet.Value) (any, error), unread string) {
	if t.Kind() == parquet.Int96 {
		return nil, "times of an old form (INT96)"
	}
	if old := t.ConvertedType(); old != nil && *old == deprecated.Interval {
		return nil, "intervals"
	}
	logical := t.LogicalType()
	if logical == nil || logical.Value == nil {
		return plain, ""
	}
	switch of := logical.Value.(type) {
	case *format.StringType, *format.JsonType, *format.EnumType:
		return plain, ""
	case *format.IntType:
		if !of.IsSigned {
			return unsigned, ""
		}
		return plain, ""
	case *format.DateType:
		return func(v parquet.Value) (any, error) {
			return time.Unix(int64(v.Int32())*24*60*60, 0).UTC().Format(time.DateOnly), nil
		}, ""
	case *format.TimestampType:
		return func(v parquet.Value) (any, error) {
			return moment(of.Unit, v.Int64()).Format(time.RFC3339Nano), nil
		}, ""
	case *format.TimeType:
		return func(v parquet.Value) (any, error) { return moment(of.Unit, whole(v)).Format(timeOfDay), nil }, ""
	case *format.DecimalType:
		return func(v parquet.Value) (any, error) { return decimal(of.Scale, v), nil }, ""
	case *format.UUIDType:
		return identifier, ""
	}
	return nil, logical.String()
}

// plain returns a value whose type says no more than its bytes do.
func plain(v parquet.Value) (any, error) {
	switch v.Kind() {
	case parquet.Boolean:
		return v.Boolean(), nil
	case parquet.Int32, parquet.Int64:
		return whole(v), nil
	case parquet.Float:
		return float(float64(v.Float()), 32), nil
	case parquet.Double:
		return float(v.Double(), 64), nil
	case parquet.ByteArray, parquet.FixedLenByteArray:
		if b := v.ByteArray(); utf8.Valid(b) {
			return string(b), nil
		}
	case parquet.Int96: // not read
	}
	return nil, errBytes
}

func whole(v parquet.Value) int64 {
	if v.Kind() == parquet.Int32 {
		return int64(v.Int32())
	}
	return v.Int64()
}

// float returns a number. JSON has no NaN and no infinities, so they are missing values, as pandas
// means them.
func float(x float64, bits int) any {
	switch {
	case math.IsNaN(x), math.IsInf(x, 0):
		return nil
	case bits == 32:
		return number.Value(json.Number(fmt.Sprint(float32(x))))
	}
	return x
}

// unsigned returns a whole number without a sign.
func unsigned(v parquet.Value) (any, error) {
	if v.Kind() == parquet.Int32 {
		return int64(v.Uint32()), nil
	}
	return number.Value(json.Number(fmt.Sprint(v.Uint64()))), nil
}

// moment returns the time that is n units after 1970.
func moment(unit format.TimeUnit, n int64) time.Time {
	at := time.UnixMilli(n)
	switch unit.Value.(type) {
	case *format.MicroSeconds:
		at = time.UnixMicro(n)
	case *format.NanoSeconds:
		at = time.Unix(0, n)
	}
	return at.UTC()
}

// decimal returns a decimal with all digits.
func decimal(scale int32, v parquet.Value) any {
	n := new(big.Int)
	switch v.Kind() {
	case parquet.Int32, parquet.Int64:
		n.SetInt64(whole(v))
	default: // big-endian, in two's complement
		b := v.ByteArray()
		n.SetBytes(b)
		if len(b) > 0 && b[0]&0x80 != 0 {
			n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
		}
	}
	text := new(big.Rat).SetFrac(n, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)).FloatString(int(scale))
	return number.Value(json.Number(text))
}

// identifier returns a UUID in the form of RFC 9562, section 4.
func identifier(v parquet.Value) (any, error) {
	b := v.ByteArray()
	if len(b) != 16 {
		return nil, fmt.Errorf("a UUID of %d bytes", len(b))
	}
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:]), nil
}
