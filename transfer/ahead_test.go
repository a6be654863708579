package transfer

import "testing"

func TestReadAhead(t *testing.T) {
	const most = 10
	read, isEnded := 0, false
	numbers := func(a *ahead[int]) {
		defer func() { isEnded = true }()
		for n := range 100 * most {
			if read = n; !a.put(n) {
				return
			}
		}
	}
	a := readAhead(most, numbers)
	n := 0
	for got := range a.all() {
		if got != n {
			t.Fatalf("%d, want %d", got, n)
		}
		n++
	}
	if a.stop(); n != 100*most || !isEnded {
		t.Errorf("%d values", n)
	}

	read, isEnded = 0, false
	a = readAhead(most, numbers)
	for range a.all() {
		break
	}
	if a.stop(); !isEnded || read > 2*most {
		t.Errorf("stopped after %d values", read)
	}

	a = readAhead(most, func(a *ahead[int]) {
		a.put(1)
		if isEnded = !a.empty(); !isEnded {
			a.put(2)
		}
	})
	n = 0
	for got := range a.all() {
		n += got
	}
	if a.stop(); n != 3 || isEnded {
		t.Errorf("values of %d in total", n)
	}
	a = readAhead(most, func(a *ahead[int]) { a.put(1); isEnded = !a.empty() })
	if a.stop(); !isEnded {
		t.Error("the goroutine waits for a caller that has stopped")
	}
}
