package drill_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/sim/drill"
)

func TestDurationsAreWrittenAsPeopleWriteThem(t *testing.T) {
	for _, c := range []struct {
		by   time.Duration
		want string
	}{
		{time.Nanosecond, "1ns"},
		{1500 * time.Nanosecond, "1500ns"},
		{20 * time.Microsecond, "20us"},
		{2999 * time.Millisecond, "2999ms"},
		{9*time.Second + 1, "9000000001ns"},
		{10*time.Second + time.Millisecond, "10s1ms"},
		{5 * time.Second, "5s"},
		{60 * time.Second, "1m"},
		{90 * time.Second, "1m30s"},
		{time.Hour, "1h"},
		{time.Hour + time.Second, "1h1s"},
		{24 * time.Hour, "24h"},
		{time.Minute + 20*time.Microsecond, "1m20us"},
		{0, "0s"},
	} {
		require.Equal(t, "advance "+c.want, drill.AdvanceOp{By: c.by}.String())
	}
}

func TestSizesAreWrittenInTheLargestWholeUnit(t *testing.T) {
	for _, c := range []struct {
		size drill.Size
		want string
	}{
		{0, "0B"}, {1, "1B"}, {1023, "1023B"}, {1024, "1KiB"}, {1025, "1025B"}, {64 << 10, "64KiB"},
		{1536 << 10, "1536KiB"}, {32 << 20, "32MiB"}, {3 << 30, "3GiB"},
	} {
		require.Equal(t, c.want, c.size.String())
	}
}

func TestARefIsWrittenWithItsNumberFromTheSecondOn(t *testing.T) {
	for nth, want := range []string{"a b", "a b", "a b#2", "a b#3"} {
		require.Equal(t, want, drill.Ref{Name: "a b", Nth: nth}.String())
	}
}

// One form for everything that can be written in several.
func TestTextIsBroughtIntoOneForm(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"reload\t \n", "reload\n"},
		{"\n\n#x\n #y\nreload\n\t=>  a  b \n# end", "\n\n#x\n#y\nreload\n  => a  b\n# end\n"},
		{"reload\n  => a\n\n# below\n   => b\n", "reload\n  => a\n\n  # below\n  => b\n"},
		{"reload\n # mine\n\n# next\nreload\n", "reload\n  # mine\n\n# next\nreload\n"},
		{"upstream a.invalid\n\n# why\n\tkey none:   200\n", "upstream a.invalid\n\n  # why\n  key none: 200\n"},
		{`provider "alpha" "openai" "https://alpha.invalid"`, "provider alpha openai https://alpha.invalid\n"},
		{"provider a openai `a\\b`", "provider a openai `a\\b`\n"},
		{`provider a openai "\"\x00"`, `provider a openai "\"\x00"` + "\n"},
		{"provider a openai http://a.invalid\nprovider a#1 delete", "provider a openai http://a.invalid\nprovider a delete\n"},
		{"source fails down", "source fails \"down\"\n"},
		{"advance 0.5s", "advance 500ms\n"},
		{"request GET https://a.invalid/ as client key=none", "request GET https://a.invalid/ key=none\n"},
		{"connect t1 a.invalid:443 trust=gateway", "connect t1 a.invalid:443\n"},
		{"connect t1 a.invalid:443 sni=b.invalid token=none", "connect t1 a.invalid:443 token=none sni=b.invalid\n"},
		{"connect t1 \"0x7f.1:443\"", "connect t1 \"0x7f.1:443\"\n"},
		{"request QUIZA https://a.invalid/", "request QUIZA https://a.invalid/\n"},
		{"request POST https://a.invalid/ body=1024B header=A:b", "request POST https://a.invalid/ body=1KiB header=\"A: b\"\n"},
		{"expect metric x Zz9=\"a\" _=\"#\" c=\"\" d=\"e f\"", "expect metric x Zz9=a _=# c= d=\"e f\"\n"},
		{"gateway ports=443 bridge=url", "gateway bridge=url ports=443\n"},
		{"request PUT https://a.invalid/ body=@a\n--  a base64 --\neA o\n=", "request PUT https://a.invalid/ body=@a\n-- a --\nx\n"},
	} {
		d, err := drill.Parse("x", []byte(c.text))
		require.NoError(t, err, c.text)
		require.Equal(t, c.want, d.String())
	}
}

func TestFilesThatAreNotTextAreBase64(t *testing.T) {
	for _, c := range []struct{ name, data, want string }{
		{"text", "data: {}\n\n", "-- f --\ndata: {}\n\n"},
		{"nothing", "", "-- f --\n"},
		{"no end of line", "{}", "-- f base64 --\ne30=\n"},
		{"a carriage return", "a\r\n", "-- f base64 --\nYQ0K\n"},
		{"a marker", "-- g --\n", "-- f base64 --\nLS0gZyAtLQo=\n"},
		{"bytes", "\xff\n", "-- f base64 --\n/wo=\n"},
		{"a long line", strings.Repeat("\x00", 60), "-- f base64 --\n" + strings.Repeat("A", 76) + "\nAAAA\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			const step = "request PUT https://a.invalid/ body=@f\n"
			d, err := drill.Parse("x", []byte(step+"-- f --\n"))
			require.NoError(t, err)
			d.Files = []drill.File{{Name: "f", Data: []byte(c.data)}}
			require.Equal(t, step+c.want, d.String())
			again, err := drill.Parse("x", []byte(d.String()))
			require.NoError(t, err)
			data, ok := again.File("f")
			require.True(t, ok)
			require.Equal(t, c.data, string(data))
			_, ok = again.File("g")
			require.False(t, ok)
		})
	}
}

func TestEqualLooksAtEverythingButPlaces(t *testing.T) {
	const text = "# a\nreload\n  # b\n  => c\nrequest PUT https://a.invalid/ body=@f\n# d\n-- f --\ne\n"
	parse := func(file, text string) *drill.Drill {
		d, err := drill.Parse(file, []byte(text))
		require.NoError(t, err)
		return d
	}
	d := parse("x.drill", text)
	require.True(t, d.Equal(parse("some/where/x.drill", text)))
	require.True(t, d.Equal(parse(`some\where\x.drill`, text)))
	require.False(t, d.Equal(parse("y.drill", text)))
	for _, change := range []string{"# a", "# b", "=> c", "PUT", "# d", "e\n"} {
		changed := strings.Replace(text, change, change[:len(change)-1]+"X"+change[len(change)-1:], 1)
		require.False(t, d.Equal(parse("x.drill", changed)), change)
	}
	require.Equal(t, drill.Pos{File: "x.drill", Line: 2, Column: 1}, d.Steps[0].Pos, "Equal changes nothing")
}

// Whatever reaches the gateway fixes its settings; what only sets the scene does not.
func TestSettingsComeBeforeTheFirstStepThatActs(t *testing.T) {
	const scene = "provider alpha openai https://alpha.invalid\nprovider alpha disable\nsource fails x\nsource heals\nupstream alpha.invalid\n"
	_, err := drill.Parse("x", []byte("seed 1\n"+scene+"gateway tunnel=deny\n"))
	require.NoError(t, err)
	for _, step := range []string{"reload", "connect t1 a.invalid:443", "request GET https://a.invalid/", "advance 1s", "expect snapshot"} {
		_, err := drill.Parse("x", []byte(scene+step+"\ngateway tunnel=deny\n"))
		require.ErrorContains(t, err, "the gateway has started already, for line 6", step)
	}
	_, err = drill.Parse("x", []byte(scene+"parallel\n  reload\ngateway tunnel=deny\n"))
	require.ErrorContains(t, err, "the gateway has started already, for line 7")
	// A tunnel that is not open: the mistake there does not keep the step from being one that acts.
	for _, step := range []string{"send t1 GET /", "close t1"} {
		_, err := drill.Parse("x", []byte(scene+step+"\ngateway tunnel=deny\n"))
		require.ErrorContains(t, err, "the gateway has started already, for line 6", step)
	}
}

func TestHostNamesHaveTheLengthsOfDNS(t *testing.T) {
	label := strings.Repeat("a", 63)
	longest := strings.Join([]string{label, label, label, strings.Repeat("b", 253-3*64-len(".invalid")), "invalid"}, ".")
	require.Len(t, longest, 253)
	for host, fits := range map[string]bool{
		label + ".invalid": true, label + "a.invalid": false, longest: true, "b" + longest: false, longest + ".": true,
		"a-.invalid": false, "a..invalid": false, ".invalid": false, "a_b.0-9.INVALID": true,
	} {
		_, err := drill.Parse("x", []byte("connect t1 "+host+":443\n"))
		require.Equal(t, fits, err == nil, "%s: %v", host, err)
	}
}
