
[38;2;215;119;87m ▐[48;2;0;0;0m▛███▛█[39m[49m   [1mClaude Code[0m[39m[49m [38;2;153;153;153mv2.1.330[39m                   
[38;2;215;119;87m▝▜[48;2;0;0;0m█████[49m█▀[39m  [38;2;153;153;153mOpus 5.5 · API Usage Billing[39m                                                             
[38;2;215;119;87m ▝▝   ▝▝ [39m  [38;2;153;153;153m~/work/app[39m                       

[38;2;215;119;87m▎[39m [1mAuto mode is now Claude Code's default permission mode.
[0m[38;2;215;119;87m[49m▎[39m [38;2;153;153;153mAuto mode lets Claude handle permission prompts automatically. Claude checks each tool call for 
[38;2;215;119;87m▎[39m [38;2;153;153;153mrisky actions and prompt injection before executing, runs the ones it assesses as lower-risk, and 
[38;2;215;119;87m▎[39m [38;2;153;153;153mblocks the rest.[39m         
[38;2;215;119;87m▎[39m [38;2;153;153;153mhttps://code.claude.com/docs/en/permission-modes
[39m                                          
                
                                                                                                    
                                            
                                                             
                                                                                               
                                                         
           
                                                             
                                                                                 
                                                                              
  [38;2;153;153;153m  /add-dir                    Add a working directory[39m                            
  [38;2;177;185;249m❯ /auto-mode-setup            Teach auto mode about your environment[39m            
  [38;2;153;153;153m  /autocompact                Set how full the context gets before auto-summarizing
[39m  [38;2;153;153;153m  /background                 Send this session to the background and free the terminal
[39m  [38;2;153;153;153m  /branch                     Create a branch of the current conversation at this point[39m         
[38;2;136;136;136m────────────────────────────────────────────────────────────────────────────────────────────────────
[39m❯ /[7m [0m[39m[49m                                                     
[38;2;136;136;136m────────────────────────────────────────────────────────────────────────────────────────────────────
[39m  [38;2;255;193;7m⏵⏵ auto mode on[38;2;153;153;153m (shift+tab to cycle)[39m               
