package browser

import (
	"testing"
)

// TestLooks shows the page on a phone and in the dark, in Chinese and in English. In all of them, it
// is usable with assistive technology and nothing is beyond the right edge.
func TestLooks(t *testing.T) {
	s := serve(t)
	long := "a-very-long-name-that-has-no-place-to-break-a-line-and-goes-on-and-on-and-on.tar.gz"
	s.write("报告.pdf", "x")
	s.write(long, "x")
	s.write("照片/一.jpg", "x")
	for _, test := range []struct {
		name string
		look look
	}{
		{"phone", look{width: 360, height: 740}},
		{"dark", look{dark: true}},
		{"zh", look{language: "zh-CN,zh;q=0.9,en;q=0.8"}},
		{"zh-dark-phone", look{language: "zh-CN", dark: true, width: 360, height: 740}},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := s.open(t, "", test.look)
			texts := map[string]string{"upload": "Upload files", "delete": "Delete " + long, "cancel": "Cancel", "folder": "New folder", "uploaded": "1 of 1 uploaded"}
			if test.look.language != "" {
				texts = map[string]string{"upload": "上传文件", "delete": "删除 " + long, "cancel": "取消", "folder": "新建文件夹", "uploaded": "已上传 1 / 1"}
			}
			b.wait(`document.querySelectorAll(".files tbody tr").length >= 3`)
			b.waitText(texts["upload"])
			if got, want := eval[string](b, "document.documentElement.lang"), map[bool]string{true: "zh-Hans", false: "en"}[test.look.language != ""]; got != want {
				t.Errorf("the language is %q, want %q", got, want)
			}
			back := eval[string](b, "getComputedStyle(document.body).backgroundColor")
			if isDark := back == "rgb(17, 22, 29)"; isDark != test.look.dark {
				t.Errorf("the background is %s", back)
			}
			b.state("list")
			b.press(texts["delete"])
			b.wait(`document.querySelector("dialog")`)
			b.state("dialog")
			b.press(texts["cancel"])
			b.press(texts["folder"])
			b.wait(`document.querySelector("dialog input")`)
			b.state("new-folder")
			b.press(texts["cancel"])
			b.choose("#files", file(t, test.name+long, "x"))
			b.waitText(texts["uploaded"])
			b.state("uploaded")
		})
	}
}
