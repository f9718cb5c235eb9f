package seine

import "time"

// Session is how a job is known to its site. The zero value has no session, and the cookies of a
// page end with its fetch.
type Session struct {
	// Cookies are shared by the workers of the job, if true.
	Cookies bool

	// LogIn signs the job in. It needs Cookies. Default: none.
	LogIn *LogIn
}

// LogIn is how a job signs in. One worker does it for all.
type LogIn struct {
	// URL is the page with the form.
	URL string

	// Form holds the values of the form's fields by name. The other fields of the form, such as
	// hidden ones, are sent as the page has them.
	Form map[string]string `json:"-"`

	// Steps sign in with a browser, in place of Form.
	Steps []Step `json:"-"`

	// Check reports whether a page shows that the job is signed in. Required. It sees each page of
	// the job whose status is below 400, or 401 or 403.
	Check PageTest `json:"-"`
}

// PageTest is a condition on a page.
type PageTest func(page *Page) (bool, error)

// Cookie is a cookie as browsers keep it (RFC 6265bis, section 5.7).
type Cookie struct {
	// Name is the name, which may be empty. Value is sent as it is, in quotes too if it came in
	// quotes.
	Name  string
	Value string

	// Domain is a host name in lower case. The cookie goes to hosts below it too, unless HostOnly
	// is set.
	Domain string

	// HostOnly keeps the cookie to Domain itself. Default: hosts below it get it too.
	HostOnly bool

	// Path is the beginning of the paths that get the cookie, such as /.
	Path string

	// Secure keeps the cookie to https: URLs and to this machine.
	Secure bool

	// HTTPOnly hides the cookie from scripts of a rendered page.
	HTTPOnly bool

	// SameSite is Strict, Lax, None or empty. Only a browser uses it.
	SameSite string

	// Expires is zero for a cookie that ends with the session.
	Expires time.Time
}
