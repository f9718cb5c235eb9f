package dates

// languages are the languages whose words are known.
var languages = []string{"en", "de", "fr", "es", "it", "nl", "pt"}

// kind is the kind of a word of a date.
type kind int

const (
	monthWord kind = iota + 1
	weekdayWord
	fillWord // of, the, le, del, at, um: without a meaning
	afternoon
	morning
	zoneWord
	relativeWord
	hourMark // Uhr, h
)

// word is the meaning of a word.
type word struct {
	kind kind
	n    int
}

// zones are abbreviations of zones that have one meaning in dates of RFC 5322, in seconds east.
var zones = map[string]int{
	"z": 0, "utc": 0, "gmt": 0, "ut": 0,
	"est": -5 * 3600, "edt": -4 * 3600, "cst": -6 * 3600, "cdt": -5 * 3600,
	"mst": -7 * 3600, "mdt": -6 * 3600, "pst": -8 * 3600, "pdt": -7 * 3600,
	"cet": 3600, "cest": 2 * 3600, "mez": 3600, "mesz": 2 * 3600, "bst": 3600, "wet": 0, "west": 3600, "eet": 2 * 3600, "eest": 3 * 3600,
}

// vocabulary holds the words of a language. The names of months and weekdays are those of CLDR,
// with the abbreviations that pages use besides.
type vocabulary struct {
	months   [12][]string
	weekdays [7][]string // from Sunday
	fill     []string
	am, pm   []string
	relative []string
	hour     []string
}

var vocabularies = map[string]vocabulary{
	"en": {
		months: [12][]string{
			{"january", "jan"}, {"february", "feb"}, {"march", "mar"}, {"april", "apr"}, {"may"}, {"june", "jun"},
			{"july", "jul"}, {"august", "aug"}, {"september", "sep", "sept"}, {"october", "oct"}, {"november", "nov"}, {"december", "dec"},
		},
		weekdays: [7][]string{{"sunday", "sun"}, {"monday", "mon"}, {"tuesday", "tue", "tues"}, {"wednesday", "wed"}, {"thursday", "thu", "thur", "thurs"}, {"friday", "fri"}, {"saturday", "sat"}},
		fill:     []string{"of", "the", "at", "on", "st", "nd", "rd", "th"},
		am:       []string{"am"}, pm: []string{"pm"},
		relative: []string{"today", "yesterday", "tomorrow", "ago", "now", "last", "next"},
	},
	"de": {
		months: [12][]string{
			{"januar", "jan", "jänner", "jän"}, {"februar", "feb", "feber"}, {"märz", "mär", "mrz", "maerz"}, {"april", "apr"}, {"mai"}, {"juni", "jun"},
			{"juli", "jul"}, {"august", "aug"}, {"september", "sep", "sept"}, {"oktober", "okt"}, {"november", "nov"}, {"dezember", "dez"},
		},
		weekdays: [7][]string{{"sonntag", "so"}, {"montag", "mo"}, {"dienstag", "di"}, {"mittwoch", "mi"}, {"donnerstag", "do"}, {"freitag", "fr"}, {"samstag", "sa", "sonnabend"}},
		fill:     []string{"um", "der", "den", "am", "vom"},
		relative: []string{"heute", "gestern", "morgen", "vor", "vorgestern"},
		hour:     []string{"uhr"},
	},
	"fr": {
		months: [12][]string{
			{"janvier", "janv"}, {"février", "févr", "fév", "fevrier"}, {"mars"}, {"avril", "avr"}, {"mai"}, {"juin"},
			{"juillet", "juil"}, {"août", "aout"}, {"septembre", "sept"}, {"octobre", "oct"}, {"novembre", "nov"}, {"décembre", "déc", "decembre"}, //nolint:misspell // French
		},
		weekdays: [7][]string{{"dimanche", "dim"}, {"lundi", "lun"}, {"mardi", "mar"}, {"mercredi", "mer"}, {"jeudi", "jeu"}, {"vendredi", "ven"}, {"samedi", "sam"}},
		fill:     []string{"le", "à", "er", "du"},
		relative: []string{"hier", "demain", "il", "aujourd"},
		hour:     []string{"h"},
	},
	"es": {
		months: [12][]string{
			{"enero", "ene"}, {"febrero", "feb"}, {"marzo", "mar"}, {"abril", "abr"}, {"mayo", "may"}, {"junio", "jun"},
			{"julio", "jul"}, {"agosto", "ago"}, {"septiembre", "sept", "sep", "setiembre"}, {"octubre", "oct"}, {"noviembre", "nov"}, {"diciembre", "dic"},
		},
		weekdays: [7][]string{{"domingo", "dom"}, {"lunes", "lun"}, {"martes", "mar"}, {"miércoles", "mié", "miercoles"}, {"jueves", "jue"}, {"viernes", "vie"}, {"sábado", "sáb", "sabado"}},
		fill:     []string{"de", "del", "el", "a", "las"},
		relative: []string{"hoy", "ayer", "mañana", "hace"},
		hour:     []string{"h"},
	},
	"it": {
		months: [12][]string{
			{"gennaio", "gen"}, {"febbraio", "feb"}, {"marzo", "mar"}, {"aprile", "apr"}, {"maggio", "mag"}, {"giugno", "giu"},
			{"luglio", "lug"}, {"agosto", "ago"}, {"settembre", "set", "sett"}, {"ottobre", "ott"}, {"novembre", "nov"}, {"dicembre", "dic"},
		},
		weekdays: [7][]string{{"domenica", "dom"}, {"lunedì", "lun"}, {"martedì", "mar"}, {"mercoledì", "mer"}, {"giovedì", "gio"}, {"venerdì", "ven"}, {"sabato", "sab"}},
		fill:     []string{"il", "alle", "ore", "del", "di"},
		relative: []string{"oggi", "ieri", "domani", "fa"},
		hour:     []string{"h"},
	},
	"nl": {
		months: [12][]string{
			{"januari", "jan"}, {"februari", "feb"}, {"maart", "mrt"}, {"april", "apr"}, {"mei"}, {"juni", "jun"},
			{"juli", "jul"}, {"augustus", "aug"}, {"september", "sep", "sept"}, {"oktober", "okt"}, {"november", "nov"}, {"december", "dec"},
		},
		weekdays: [7][]string{{"zondag", "zo"}, {"maandag", "ma"}, {"dinsdag", "di"}, {"woensdag", "wo"}, {"donderdag", "do"}, {"vrijdag", "vr"}, {"zaterdag", "za"}},
		fill:     []string{"om", "op", "de", "van"},
		relative: []string{"vandaag", "gisteren", "geleden"},
		hour:     []string{"uur"},
	},
	"pt": {
		months: [12][]string{
			{"janeiro", "jan"}, {"fevereiro", "fev"}, {"março", "mar", "marco"}, {"abril", "abr"}, {"maio", "mai"}, {"junho", "jun"},
			{"julho", "jul"}, {"agosto", "ago"}, {"setembro", "set"}, {"outubro", "out"}, {"novembro", "nov"}, {"dezembro", "dez"},
		},
		weekdays: [7][]string{{"domingo", "dom"}, {"segunda"}, {"terça"}, {"quarta"}, {"quinta"}, {"sexta"}, {"sábado"}},
		fill:     []string{"de", "do", "às", "em", "feira"},
		relative: []string{"hoje", "ontem", "amanhã", "há"},
		hour:     []string{"h"},
	},
}

// wordsOf returns the words of languages. A word with two meanings, such as the French mar for
// Tuesday and the English for March, has the meaning of the month: a weekday adds nothing to a
// date.
func wordsOf(of ...string) map[string]word {
	out := map[string]word{}
	add := func(w string, k kind, n int) {
		if old, ok := out[w]; !ok || k == monthWord && old.kind != monthWord {
			out[w] = word{k, n}
		}
	}
	for name, offset := range zones {
		add(name, zoneWord, offset)
	}
	for _, l := range of {
		v := vocabularies[l]
		for i, names := range v.months {
			for _, n := range names {
				add(n, monthWord, i+1)
			}
		}
	}
	for _, l := range of {
		v := vocabularies[l]
		for i, names := range v.weekdays {
			for _, n := range names {
				if old := out[n]; old.kind == weekdayWord && old.n != i {
					out[n] = word{fillWord, 0} // two weekdays in two languages
					continue
				}
				add(n, weekdayWord, i)
			}
		}
		for _, group := range []struct {
			kind  kind
			words []string
		}{{morning, v.am}, {afternoon, v.pm}, {hourMark, v.hour}, {fillWord, v.fill}, {relativeWord, v.relative}} {
			for _, n := range group.words {
				add(n, group.kind, 0)
			}
		}
	}
	return out
}
