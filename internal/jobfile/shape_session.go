package jobfile

// sessionKeys is how the job is known to its site.
type sessionKeys struct {
	// `job` keeps the cookies of pages and files for the whole job. Its workers share them through
	// the frontier, and each cookie goes only to the site, path and scheme that it is for. With
	// `none`, cookies end with a page and its redirects.
	Cookies string `yaml:"cookies" enum:"none,job" default:"none" example:"job"`

	// Signs the job in. It needs `cookies: job`.
	Login *loginKeys `yaml:"login" beside:"cookies: job"`
}

type loginKeys struct {
	// The page with the form. The form with a password is taken, or else the one with most of the
	// fields below. Its requests keep the pace of their host and obey robots.txt.
	URL string `yaml:"url" required:"true" example:"https://shop.example/login" beside:"form: {user: me}"`

	// The values of the form's fields, by name. All other fields of the form are sent as the page
	// has them, also hidden ones.
	Form entries[string] `yaml:"form" keys:"^[^\\x00-\\x1f]{1,200}$" example:"{user: '${LOGIN_USER:-me}', password: '${LOGIN_PASSWORD:-secret}'}" beside:"url: 'https://shop.example/login', check: '\"Sign out\" in text'"`

	// Signs in with a browser in place of `form`. A page kind has the same steps.
	Steps []stepKeys `yaml:"steps" example:"[{fill: {css: '#user', value: me}}, {click: '#go'}, {wait: {css: '#account'}}]" beside:"url: 'https://shop.example/login', check: '\"Sign out\" in text'"`

	// An expression over `url`, `status`, `text` and `body` of a page that is true if the job is
	// signed in. If it is false, one worker logs in for all, and the page is fetched once more.
	// Pages with a status from 300 on, except 401 and 403, are not checked.
	Check string `yaml:"check" required:"true" example:"'Sign out' in text" beside:"url: 'https://shop.example/login', form: {user: me}"`
}
