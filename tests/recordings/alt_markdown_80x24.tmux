    eiusmod tempor 814                                                         
  - item 23: lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do
    eiusmod tempor 851                                                      
  - item 24: lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do    
    eiusmod tempor 888                                                      
  - item 25: lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do    
    eiusmod tempor 925                                                      
  - item 26: lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do   
    eiusmod tempor 962                                                      
  - item 27: lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do    
    eiusmod tempor 999                                                      
  - item 28: lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do    
    eiusmod tempor 1036                                                     
  - item 29: lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do
    eiusmod tempor 1073                                                     
                                                                                
  Done.                                                                     
                                                   
[38;2;153;153;153m✻[39m [38;2;153;153;153mWorked for 3s · done 1:32 PM[39m                                              
                                                            [38;2;153;153;153m◐ medium · /effort
[38;2;136;136;136m────────────────────────────────────────────────────────────────────────────────
[39m❯ [7m [0m[39m[49m           
[38;2;136;136;136m────────────────────────────────────────────────────────────────────────────────
[39m  [38;2;255;193;7m⏵⏵ auto mode on[38;2;153;153;153m (shift+tab to cycle) · ← for agents[39m                   
