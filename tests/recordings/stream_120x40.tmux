  - item word20 word21 word22 word23 word24 word25 word26 word27 word28 word29 word30 word31 word32
  word33 word34 word35 word36 word37 word38 word39
  - item word40 word41 word42 word43 word44 word45 word46 word47 word48 word49 word50 word51 word52
  word53 word54 word55 word56 word57 word58 word59
  - item word60 word61 word62 word63 word64 word65 word66 word67 word68 word69 word70 word71 word72
  word73 word74 word75 word76 word77 word78 word79
  - item word80 word81 word82 word83 word84 word85 word86 word87 word88 word89 word90 word91 word92
  word93 word94 word95 word96 word97 word98 word99
  - item word100 word101 word102 word103 word104 word105 word106 word107 word108 word109 word110
  word111 word112 word113 word114 word115 word116 word117 word118 word119
  - item word120 word121 word122 word123 word124 word125 word126 word127 word128 word129 word130
  word131 word132 word133 word134 word135 word136 word137 word138 word139
  - item word140 word141 word142 word143 word144 word145 word146 word147 word148 word149 word150
  word151 word152 word153 word154 word155 word156 word157 word158 word159
  - item word160 word161 word162 word163 word164 word165 word166 word167 word168 word169 word170
  word171 word172 word173 word174 word175 word176 word177 word178 word179
  - item word180 word181 word182 word183 word184 word185 word186 word187 word188 word189 word190
  word191 word192 word193 word194 word195 word196 word197 word198 word199
  - item

[38;2;153;153;153m✻[39m [38;2;153;153;153mCogitated[39m [38;2;153;153;153mfor[39m [38;2;153;153;153m4s

[38;2;136;136;136m────────────────────────────────────────────────────────────────────────────────────────────────────
[39m❯ [7m 
[0m[38;2;136;136;136m[49m────────────────────────────────────────────────────────────────────────────────────────────────────
[39m  [38;2;153;153;153mPress[39m [38;2;153;153;153mCtrl-C again to exit[39m    

[2mResume this session with:
claude --resume df538c6c-0b86-44dc-ae22-adf269430da8

