package extract

import (
	"slices"

	"golang.org/x/text/currency"
	"golang.org/x/text/language"

	"github.com/seinehq/seine/internal/dates"
)

// reader compiles how the texts of a field become values of its type.
func (c *compiler) reader(path string, f Field, out *field) {
	var err error
	if out.num, err = newNumeral(out.typ, f.Locale, f.Decimal); err != nil {
		c.say(path, "%v", err)
		return
	}
	if (f.Locale != "" || f.Decimal != "") && f.First == nil && !slices.Contains(localTypes, out.typ) {
		c.say(path, "locale and decimal are for numbers, dates and prices: add type: float, int, decimal, date or price")
	}
	switch {
	case f.Format != "" && f.First == nil && out.typ != "date":
		c.say(path+".format", "is for dates: add type: date")
	case f.Currency != "" && f.First == nil && out.typ != "price":
		c.say(path+".currency", "is for prices: add type: price")
	case f.Decimal != "" && out.typ == "date":
		c.say(path+".decimal", "is for numbers, not for dates")
	case out.typ == "date":
		if out.date, err = dates.New(f.Locale, f.Format); err != nil {
			c.say(path, "%v", err)
		}
	case out.typ == "price":
		out.price = pricing{num: out.num}
		if f.Currency != "" {
			if _, err := currency.ParseISO(f.Currency); err != nil {
				c.say(path+".currency", "%q is no code of ISO 4217, such as EUR", f.Currency)
			}
			out.price.currency = f.Currency
		} else if tag, err := language.Parse(f.Locale); err == nil {
			if region, exact := tag.Region(); exact == language.Exact {
				if unit, ok := currency.FromRegion(region); ok {
					out.price.currency = unit.String()
				}
			}
			base, _ := tag.Base()
			out.price.yen = map[string]string{"ja": "JPY", "zh": "CNY"}[base.String()]
		}
	}
}
