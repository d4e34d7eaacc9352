module peer

go 1.26

require github.com/warpstreamlabs/bento v1.8.2
